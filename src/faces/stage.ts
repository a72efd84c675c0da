// Compiled lists that are run again and again on new inputs.
import type { Tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import { Program } from '../graph/program.js';
import { Tape } from '../graph/tape.js';

/** What a stage records: its inputs, pinned and written before each run, and its result. */
export interface Recorded {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: Tensor;
}

interface Compiled extends Recorded {
  readonly program: Program;
}

/**
 * Owns programs by key, and their inputs. The least lately used one goes when there are more than `most`. Runs that are asked
 * for at once come one after the other: none writes the inputs of another, or frees the program that another waits for.
 */
export class Stages {
  private readonly compiled = new Map<string, Compiled>();
  /** Ends when the last run so far has ended. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: TensorStore,
    private readonly most = 12,
  ) {}

  /** Runs the stage `key` on `values`, by input name; `record` makes it where it is not there yet. */
  run(
    key: string,
    record: (tape: Tape) => Recorded,
    values: Readonly<Record<string, ArrayLike<number>>>,
  ): Promise<Float32Array> {
    return this.inTurn(async () => {
      const stage = this.compiled.get(key) ?? (await this.compile(key, record));
      // Last used, last out.
      this.compiled.delete(key);
      this.compiled.set(key, stage);
      this.trim();
      for (const [name, data] of Object.entries(values)) this.store.write(stage.inputs[name]!, data);
      stage.program.run();
      return stage.program.read(stage.output);
    });
  }

  private inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    // The one before has told its own caller how it ended.
    const result = this.last.then(work, work);
    this.last = result;
    return result;
  }

  private async compile(key: string, record: (tape: Tape) => Recorded): Promise<Compiled> {
    const tape = new Tape(this.store.device.target);
    const recorded = record(tape);
    for (const input of Object.values(recorded.inputs)) this.store.pin(input);
    try {
      const options = { label: key, keep: [recorded.output] };
      return { ...recorded, program: await Program.compile(this.store, tape.dispatches, options) };
    } catch (error) {
      for (const input of Object.values(recorded.inputs)) this.store.release(input);
      throw error;
    }
  }

  private trim(): void {
    for (const [key, stage] of this.compiled) {
      if (this.compiled.size <= this.most) return;
      this.compiled.delete(key);
      this.release(stage);
    }
  }

  private release({ program, inputs }: Compiled): void {
    program.destroy();
    for (const input of Object.values(inputs)) this.store.release(input);
  }

  /** Frees everything once the runs that were asked for have ended. */
  destroy(): Promise<void> {
    return this.inTurn(() => {
      for (const stage of this.compiled.values()) this.release(stage);
      this.compiled.clear();
    });
  }
}
