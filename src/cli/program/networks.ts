// Commands that bring networks in and out.
import type { Command } from 'commander';
import { examples } from './parts.ts';

export function addNetworks(program: Command): void {
  examples(
    program
      .command('import-weights')
      .description('a published checkpoint (.pth, .pt, .ckpt, .safetensors) → weights by our names')
      .argument('<file>', 'the checkpoint; nothing in it is run')
      .requiredOption(
        '--arch <name>',
        'efficientnet-lite, swin, se-resnet, nfnet, loftr, superpoint or superglue',
      )
      .option('--spec <name>', 'its size; the first of its table when left out')
      .requiredOption('--out <file>', 'safetensors file to write')
      .option('--fp16', 'in half precision')
      .option('--partial', 'write what fits although parameters are missing')
      .action(async (file, options) =>
        (await import('../commands/import-weights.ts')).importWeights(file, options),
      ),
    'seresnet101.pth --arch se-resnet --spec se-resnet101 --out seresnet101.safetensors --fp16',
  );

  examples(
    program
      .command('export-onnx')
      .description('the ONNX file of an encoder of the registry, or of a network ARCH/SPEC')
      .requiredOption('--model <id>', 'an encoder of the registry, or ARCH/SPEC')
      .requiredOption('--out <file>', 'file to write')
      .option('--weights <file>', 'of ARCH/SPEC: its weights, safetensors or .pth')
      .option('--random', 'of ARCH/SPEC: weights that mean nothing')
      .option('--size <pixels>', 'SIDE or WIDTHxHEIGHT; free where the network allows it')
      .option('--fp16', 'in half precision')
      .action(async (options) => (await import('../commands/export-onnx.ts')).exportOnnx(options)),
    '--model efficientnet-lite2-gem --out lite2.onnx',
    '--model swin/compact --random --size 160 --out swin.onnx',
  );
}
