import { places } from '../../support/places.ts';
import { itMeetsBadInputs } from './itMeetsBadInputs.ts';

for (const [name, start] of places) itMeetsBadInputs(name, start);
