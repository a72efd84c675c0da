// Batches that are made while the step before them runs.

/** Makes one value ahead of where it is asked for; `make` must give the same for the same step. */
export class Ahead<T> {
  private next: { readonly step: number; readonly value: Promise<T> } | undefined;

  constructor(private readonly make: (step: number) => Promise<T>) {}

  /** What belongs to `step`; that of the step after it is begun. */
  async take(step: number): Promise<T> {
    const value = await (this.next?.step === step ? this.next.value : this.make(step));
    this.next = { step: step + 1, value: this.make(step + 1) };
    // Told when it is asked for.
    this.next.value.catch(() => {});
    return value;
  }

  /** Waits for what is under way. */
  async settle(): Promise<void> {
    await this.next?.value.catch(() => {});
  }
}
