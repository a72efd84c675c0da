// A whole gallery, file and GPU, against brute force, and that the comparison sees what is wrong. With 100,000 samples:
// npm run check:gallery.
import { describe, expect, it } from 'vitest';
import { checkGallery } from '../../../harness/gallery-check.js';
import { bruteForce, disagreement, makeGallery } from '../../../harness/gallery-data.js';
import { Snapshot } from '../../../src/faces/gallery/search.js';
import { useDevice } from '../../kernels/shared.js';

const held = useDevice();

it('identifies 100 probes among 5,000 samples of a file as brute force does', async () => {
  const { disagreements, ties, nearTies, named, people } = await checkGallery(held.device, {
    vectors: 5000,
    probes: 100,
  });
  expect(disagreements).toEqual([]);
  expect(people).toBe(984 + 80);
  // Two of the hundred are near the crowd; a quarter each near a twin, near a double, near nobody.
  expect(ties).toBeGreaterThanOrEqual(20);
  expect(nearTies).toBeGreaterThanOrEqual(20);
  expect(named).toBeLessThan(80);
}, 120_000);

describe('disagreement', () => {
  const { page, probes } = makeGallery(800, 8);
  const gallery = new Snapshot(page, 0.5, 'test');
  // Near a twin: two people at one distance.
  const probe = probes[2]!;
  const expected = bruteForce(page, probe, 5);

  it('is none where the answer is right', async () => {
    expect(expected[0]!.distance).toBe(expected[1]!.distance);
    const { text, error } = disagreement(await gallery.identify(probe), expected, 0.5);
    expect(text).toBeUndefined();
    expect(error).toBeLessThan(1e-13);
  });

  it('tells of a tie that goes by rows, and of a neighbour that was left out', async () => {
    const answer = await gallery.identify(probe);
    const [first, second, ...rest] = answer.candidates;
    const byRows = { ...answer, candidates: [second!, first!, ...rest] };
    expect(disagreement(byRows, expected, 0.5).text).toMatch(/^found person .*; by brute force person /);
    const missed = { ...answer, candidates: [first!, ...rest] };
    expect(disagreement(missed, expected, 0.5).text).toMatch(/^found person .*; by brute force person /);
  });

  it('tells of a distance that is off, and of a name that is not given', async () => {
    const answer = await gallery.identify(probe);
    const off = answer.candidates.map((one) => ({ ...one, distance: one.distance * (1 + 1e-12) }));
    expect(disagreement({ ...answer, candidates: off }, expected, 0.5).text).toMatch(/^distances differ/);
    expect(disagreement({ ...answer, person: null }, expected, 0.5).text).toMatch(/^named null, by brute/);
  });
});
