// The log of a training: JSON lines, one a report, one a validation. What a resumed training does again is written again.
import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf, writeAtomically } from '../overwrite.js';

const reportSchema = z.object({
  kind: z.literal('step'),
  step: z.int(),
  loss: z.number().nullable(),
  learningRate: z.number(),
  gradientNorm: z.number().nullable(),
  /** Parts of the loss, before their factors. */
  parts: z.record(z.string(), z.number().nullable()),
  /** Of triplets, where there are any. */
  triplets: z.object({ active: z.number(), mined: z.number(), spread: z.number().nullable() }).optional(),
  picturesPerSecond: z.number().nullable(),
  seconds: z.number(),
  alarms: z.array(z.string()),
});

const validationSchema = z.object({
  kind: z.literal('validation'),
  step: z.int(),
  pairs: z.int(),
  accuracy: z.number(),
  auc: z.number(),
  eer: z.number(),
});

const lineSchema = z.discriminatedUnion('kind', [reportSchema, validationSchema]);

export type StepLine = z.infer<typeof reportSchema>;
export type ValidationLine = z.infer<typeof validationSchema>;
export type LogLine = z.infer<typeof lineSchema>;

/** Owns the lines of one file. */
export class TrainLog {
  private constructor(
    readonly path: string,
    private readonly kept: LogLine[],
  ) {}

  /**
   * Opens the log of a training that goes on after `step`: lines of later steps, and one that was cut short, are dropped.
   * InputError where the file cannot be read or is no log.
   */
  static async open(path: string, step: number): Promise<TrainLog> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    const lines = whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line, i) => lineOf(line, `${path}:${i + 1}`))
      .filter((line) => line.step <= step);
    await writeAtomically(path, lines.map(textOf).join(''), { force: true });
    return new TrainLog(path, lines);
  }

  get lines(): readonly LogLine[] {
    return this.kept;
  }

  async add(line: LogLine): Promise<void> {
    this.kept.push(line);
    await appendFile(this.path, textOf(line)).catch((error: NodeJS.ErrnoException) => {
      throw new InputError(`${this.path}: could not be written: ${reasonOf(error)}`, { cause: error });
    });
  }
}

/** A number for JSON, which has no NaN. */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function textOf(line: LogLine): string {
  return `${JSON.stringify(line)}\n`;
}

function lineOf(text: string, where: string): LogLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: is no JSON: ${(error as Error).message}`, { cause: error });
  }
  const result = lineSchema.safeParse(json);
  if (!result.success) throw new InputError(`${where}: is no line of the log of a training`);
  return result.data;
}
