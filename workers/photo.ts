// The photos' worker: decodes for the page what its browser does not read.
import { serve } from '../src/bridge/serve.ts';
import { PhotoService } from '../src/imaging/photo-service.ts';

serve(new PhotoService());
