// The trainer's worker: a shell around TrainerService, nothing of its own.
import { serve } from '../src/bridge/serve.ts';
import { decodePhoto } from '../src/imaging/decode-browser.ts';
import { openStore } from '../src/retrieval/store.ts';
import { startTrainingBackend } from '../src/training/tuning/trainer-backend.ts';
import { TrainerService } from '../src/training/tuning/trainer-service.ts';

serve(new TrainerService({ startBackend: startTrainingBackend, decode: decodePhoto, openStore }));
