// Starts worker.ts: threads take no TypeScript by themselves, nor from their parent.
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
