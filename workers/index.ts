// The index's worker: a shell around IndexService, nothing of its own.
import { serve } from '../src/bridge/serve.ts';
import { IndexService } from '../src/retrieval/index-service.ts';

serve(new IndexService());
