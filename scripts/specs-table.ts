// What the networks of src/nets have and cost. Writes the tables in docs/models.md.
//
// Usage: npx tsx scripts/specs-table.ts
import { countMacs } from '../src/nets/cost.ts';
import { ARCHS, network, specsOf } from '../src/nets/networks.ts';
import { countParameters } from '../src/nets/parameters.ts';
import { tableRow, writePart } from './document.ts';

const DOCUMENT = 'docs/models.md';
const COMPARED_SIDE = 224;
/** The sizes at which the published weights were trained, where not at 224. */
const TRAINED: Readonly<Record<string, number>> = {
  swin_base_patch4_window12_384: 384,
  dm_nfnet_f0: 192,
  dm_nfnet_f1: 224,
  nfnet_f0: 192,
  nfnet_f1: 224,
  eca_nfnet_l1: 256,
  lite1: 240,
  lite2: 260,
  lite3: 280,
  lite4: 300,
};
/** Sizes of the recipe's last stages, and those that windows fit. */
const SWIN_SIDES = [448, 512, 640, 672, 736, 768];
const SWIN_SPECS = ['compact', 'swin_tiny_patch4_window7_224', 'swin_base_patch4_window12_384'];

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(tableRow).join('\n');
}

/** Multiply-accumulates of a square picture, in thousand millions. */
function giga(arch: string, spec: string, side: number): string {
  return (countMacs(arch, spec, side, side) / 1e9).toFixed(2);
}

const rows = ARCHS.flatMap((arch) =>
  specsOf(arch)
    .filter((spec) => !spec.startsWith('tiny'))
    .map((spec) => {
      const { channels, multiple } = network(arch, spec);
      const side = Math.floor((TRAINED[spec] ?? COMPARED_SIDE) / multiple) * multiple;
      const cost = giga(arch, spec, side);
      const millions = (countParameters(arch, spec) / 1e6).toFixed(1);
      return [`${arch}/${spec}`, millions, channels, side, cost, giga(arch, spec, COMPARED_SIDE)];
    }),
);
const head = ['network', 'parameters, M', 'channels', 'side', 'GMAC', `GMAC at ${COMPARED_SIDE}`];
writePart(DOCUMENT, 'specs', table(head, rows));

const bySide = SWIN_SPECS.map((spec) => [
  `swin/${spec}`,
  ...SWIN_SIDES.map((side) => giga('swin', spec, side)),
]);
const sides = ['GMAC at', ...SWIN_SIDES.map(String)];
writePart(DOCUMENT, 'swin-sides', table(sides, bySide));
