export { until } from 'neardict/testing';
