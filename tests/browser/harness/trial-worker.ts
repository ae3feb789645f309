// A worker for the bridge's browser tests, with the same object as in Node's.
import { serve } from '../../../src/bridge/serve.ts';
import { TrialApi } from '../../unit/bridge-worker/api.ts';

serve(new TrialApi());
