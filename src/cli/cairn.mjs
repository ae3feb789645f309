#!/usr/bin/env node
// The bin `cairn`: runs the TypeScript command line with tsx, from any folder.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
