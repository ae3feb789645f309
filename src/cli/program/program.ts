// The command line: names, options and examples only; each command is a file in ../commands/. Nothing runs by importing it.
import { Command } from 'commander';
import { addCollections } from './collections.ts';
import { addEvaluation } from './evaluation.ts';
import { addNetworks } from './networks.ts';
import { addRecognition } from './recognition.ts';
import { addTraining } from './training.ts';

/** Every command; throws commander's errors where another program would end. */
export function createProgram(): Command {
  const program = new Command('cairn')
    .description('Landmark recognition that runs on your own machine.')
    // Before the commands, which take it over.
    .exitOverride();
  addRecognition(program);
  addCollections(program);
  addEvaluation(program);
  addTraining(program);
  addNetworks(program);
  return program;
}
