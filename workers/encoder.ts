// The encoder's worker: a shell around EncoderService, nothing of its own.
import { serve } from '../src/bridge/serve.ts';
import { EncoderService } from '../src/inference/encoder-service.ts';
import { openStore } from '../src/retrieval/store.ts';

serve(new EncoderService(() => openStore()));
