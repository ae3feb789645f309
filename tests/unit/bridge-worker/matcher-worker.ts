// A Node thread that serves the trial matcher.
import { parentPort } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { serve } from '../../../src/bridge/serve.ts';
import { TrialMatcher } from './matcher-api.ts';

serve(new TrialMatcher(), nodeEndpoint(parentPort!));
