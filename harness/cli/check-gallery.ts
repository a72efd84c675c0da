// `facet check-gallery`: the embedded gallery against brute force in float64, and its times.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import { checkGallery, type GalleryCheck, type Time } from '../gallery-check.js';
import { wholeNumber } from './arguments.js';

/** Fewer have not every kind of tie. */
const FEWEST = 800;

/** The sub-command `check-gallery`. Exit code 1 where an answer is wrong. */
export function checkGalleryCommand(): Command {
  return new Command('check-gallery')
    .description('enrol made-up vectors in a file, identify probes exactly, and compare with float64')
    .option('--vectors <n>', `samples to enrol, from ${FEWEST}`, wholeNumber('--vectors'), 100_000)
    .option('--probes <n>', 'probes to identify', wholeNumber('--probes'), 1000)
    .option('--json', 'print JSON')
    .action(async (options: { vectors: number; probes: number; json?: boolean }) => {
      process.exitCode = await run(options);
    });
}

async function run({ vectors, probes, json }: { vectors: number; probes: number; json?: boolean }) {
  if (vectors < FEWEST) throw new InputError(`--vectors must be at least ${FEWEST}, got ${vectors}`);
  if (probes < 1) throw new InputError(`--probes must be at least 1, got ${probes}`);
  const platform = nodePlatform();
  let device: Device | undefined;
  try {
    device = await Device.open(platform);
    const onStep = (text: string) => process.stderr.write(`${text} …\n`);
    const result = await checkGallery(device, { vectors, probes, onStep });
    const adapter = device.adapter.description || device.adapter.device;
    const text = json ? JSON.stringify({ adapter, ...result }, null, 2) : describe(adapter, result);
    process.stdout.write(`${text}\n`);
    return result.disagreements.length === 0 ? 0 : 1;
  } finally {
    device?.destroy();
    platform.dispose();
  }
}

function describe(adapter: string, check: GalleryCheck): string {
  const { vectors, people, probes, disagreements, ties, nearTies, named, error, perProbe } = check;
  const short = (value: number) => (value < 100 ? value.toFixed(1) : String(Math.round(value)));
  const ms = ({ wall, cpu }: Time) => `${short(wall)} ms (${short(cpu)} of processors)`;
  const rates = check.enrolled.map(({ by, perSecond }) => `${Math.round(perSecond)} a second by ${by}`);
  return [
    adapter,
    `${vectors} samples of ${people} people, ${probes} probes, of whom ${named} were named`,
    `agreement with float64   ${probes - disagreements.length} of ${probes}; ${ties} ties, ${nearTies} near ties; distances within ${error.toExponential(1)}`,
    `file                     ${(check.fileBytes / 2 ** 20).toFixed(1)} MiB, ${Math.round(check.fileBytes / vectors)} bytes a sample`,
    `enrolled                 ${rates.join(', ')}`,
    `opened, first answer     ${ms(check.firstFromFile)} by reading the file, without the GPU`,
    `read into memory         ${ms(check.snapshot)}`,
    `first answer of the GPU  ${ms(check.firstOnGpu)} with the copy and the pipelines`,
    `each, all asked at once  ${ms(perProbe.together)}`,
    `each, one by one         ${ms(perProbe.alone)}`,
    `each, in float64 alone   ${ms(perProbe.float64)}`,
    ...disagreements.slice(0, 10),
  ].join('\n');
}
