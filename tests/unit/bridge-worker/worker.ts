// A Node thread that serves the trial object, as a worker's shell does in the browser.
import { parentPort } from 'node:worker_threads';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { serve } from '../../../src/bridge/serve.ts';
import { TrialApi } from './api.ts';

serve(new TrialApi(), nodeEndpoint(parentPort!));
