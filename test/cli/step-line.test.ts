// What the progress says, at every width of the terminal.
import { describe, expect, it } from 'vitest';
import { barLine, compileLine, duration, plainLine, type StepFacts } from '../../harness/cli/step-line.js';

const facts: StepFacts = {
  step: 90,
  total: 200,
  secondsPerStep: 0.125,
  secondsLeft: 83.2,
  losses: { total: 1.2345, content: 0.4567, style: 0.02, 'style:relu1_1': 7 },
};

it('the line of a compilation says how far it is and what comes next', () => {
  expect(compileLine({ done: 6, total: 9, kernel: 'gram' }, 100)).toBe(
    '██████████░░░░░░  66% | compiling kernels 6/9 | gram',
  );
  expect(compileLine({ done: 6, total: 9, kernel: 'winograd_output' }, 44)).toBe(
    '█████░░░  66% | compiling kernels 6/9',
  );
  expect(compileLine({ done: 9, total: 9 }, 100)).toBe('████████████████ 100% | compiling kernels 9/9');
});

describe('barLine', () => {
  it('says how far a step over tiles has come', () => {
    expect(barLine({ ...facts, tile: { done: 3, total: 18 } }, 60)).toMatch(/90\/200 \| tile 3\/18 \| 1 min/);
  });

  it('shows everything on a wide terminal', () => {
    expect(barLine(facts, 130)).toBe(
      '███████░░░░░░░░░  45% | 90/200 | 1 min 23 s left | 8.0 steps/s | loss 1.23 | content 0.457 | style 0.0200',
    );
  });

  it('leaves out the losses first, whole', () => {
    expect(barLine(facts, 80)).toBe('███░░░░░  45% | 90/200 | 1 min 23 s left | 8.0 steps/s | loss 1.23');
    expect(barLine(facts, 60)).toBe('███░░░░░  45% | 90/200 | 1 min 23 s left | 8.0 steps/s');
    expect(barLine(facts, 30)).toBe('███░░░░░  45% | 90/200');
  });

  it('never fills the terminal, and a wider one never says less', () => {
    const all = barLine(facts, 1000).split(' | ').slice(1);
    let said = 0;
    for (let columns = 0; columns < 200; columns++) {
      const line = barLine(facts, columns);
      expect(line.length).toBeLessThan(Math.max(1, columns));
      // The bar itself is longer from 100 columns on.
      const parts = line.split(' | ').slice(1);
      expect(parts).toEqual(all.slice(0, parts.length));
      if (columns !== 100) expect(parts.length).toBeGreaterThanOrEqual(said);
      said = parts.length;
    }
    expect(said).toBe(all.length);
  });

  it('is full at the last step alone', () => {
    expect(barLine({ ...facts, step: 199 }, 80)).toMatch(/^█{7}░ {2}99% /);
    expect(barLine({ ...facts, step: 200 }, 80)).toMatch(/^█{8} 100% /);
  });

  it('says nothing that is not known yet', () => {
    const first = { ...facts, secondsPerStep: undefined, secondsLeft: undefined, losses: undefined };
    expect(barLine({ ...first, step: 0 }, 80)).toBe('░░░░░░░░   0% | 0/200');
  });
});

describe('plainLine', () => {
  it('shows everything', () => {
    expect(plainLine({ ...facts, secondsPerStep: 2.5 })).toBe(
      'step 90/200 | 1 min 23 s left | 2.50 s/step | loss 1.23 | content 0.457 | style 0.0200',
    );
  });
});

describe('duration', () => {
  it.each([
    [0.4, '0 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [3599.4, '59 min 59 s'],
    [3599.6, '1 h 00 min'],
    [7260, '2 h 01 min'],
  ])('%f seconds: %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
