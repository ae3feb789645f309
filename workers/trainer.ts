// The trainer's worker: a shell around TrainerService, nothing of its own.
import { serve } from '../src/bridge/serve.ts';
import { TrainerService } from '../src/training/tuning/trainer-service.ts';

serve(new TrainerService());
