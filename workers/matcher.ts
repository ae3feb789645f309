// The matcher's worker: a shell around MatcherService, nothing of its own.
import { serve } from '../src/bridge/serve.ts';
import { MatcherService } from '../src/inference/matcher-service.ts';
import { openStore } from '../src/retrieval/store.ts';

serve(new MatcherService(() => openStore()));
