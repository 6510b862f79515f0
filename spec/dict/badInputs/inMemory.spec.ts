import { itMeetsBadInputs } from './itMeetsBadInputs.ts';

itMeetsBadInputs('memory');
