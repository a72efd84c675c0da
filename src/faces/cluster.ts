// Groups of embeddings that probably show the same person, when nobody is named.
import { InputError } from '../base/errors.js';
import { hash32 } from '../base/random.js';

/** How close embeddings of one group are. */
export interface ClusterOptions {
  /** Squared L2 distance below which two embeddings count as the same person: the net's threshold, or less. */
  readonly threshold: number;
  /** Order in which embeddings are visited; same seed, same groups. 0 unless told. */
  readonly seed?: number;
  /** Rounds at most, 100 unless told; it mostly settles within ten. */
  readonly maxRounds?: number;
}

/** Embeddings in groups. */
export interface Clusters {
  /** Group of each embedding, from 0: the largest first, equal ones by their first member. */
  readonly labels: Int32Array;
  /** Members of each group, rising. */
  readonly groups: readonly (readonly number[])[];
  /** Rounds that were needed; `maxRounds` when it had not settled. */
  readonly rounds: number;
}

/**
 * Chinese whispers (Biemann, TextGraphs 2006) on the graph of all pairs nearer than the threshold, as dlib groups faces;
 * here an edge weighs 1 - d / threshold. Each embedding takes in turn the label with the greatest weight among its
 * neighbours. DBSCAN was not chosen: with groups as small as two it joins whatever a chain of near pairs leads to, so that
 * one false match makes one person of two, while here a single edge is outvoted. Groups of one stay. Work grows with
 * the square of the count.
 */
export function clusterEmbeddings(
  embeddings: readonly ArrayLike<number>[],
  options: ClusterOptions,
): Clusters {
  const { threshold, seed = 0, maxRounds = 100 } = options;
  if (!(threshold > 0) || !Number.isFinite(threshold)) {
    throw new InputError(`cluster: the threshold must be above 0, got ${threshold}`);
  }
  if (!Number.isInteger(maxRounds) || maxRounds < 1) {
    throw new InputError(`cluster: the rounds must be a positive integer, got ${maxRounds}`);
  }
  const edges = nearPairs(embeddings, threshold);
  const labels = Int32Array.from({ length: embeddings.length }, (_, i) => i);
  const votes = new Float64Array(embeddings.length);
  let rounds = 0;
  for (let changed = true; changed && rounds < maxRounds; rounds++) {
    changed = false;
    for (const node of shuffled(embeddings.length, hash32(seed, rounds))) {
      const next = winner(edges[node]!, labels, votes, labels[node]!);
      if (next === labels[node]) continue;
      labels[node] = next;
      changed = true;
    }
  }
  return { ...numbered(labels), rounds };
}

interface Neighbours {
  readonly nodes: number[];
  readonly weights: number[];
}

function nearPairs(embeddings: readonly ArrayLike<number>[], threshold: number): Neighbours[] {
  const size = embeddings[0]?.length ?? 0;
  const rows = new Float64Array(size * embeddings.length);
  for (const [i, embedding] of embeddings.entries()) {
    if (embedding.length !== size) {
      throw new InputError(
        `cluster: embedding ${i} must have ${size} numbers as the first, got ${embedding.length}`,
      );
    }
    rows.set(embedding, i * size);
  }
  const broken = rows.findIndex((v) => !Number.isFinite(v));
  if (broken >= 0)
    throw new InputError(`cluster: embedding ${Math.floor(broken / size)} holds ${rows[broken]}`);
  const edges = embeddings.map((): Neighbours => ({ nodes: [], weights: [] }));
  for (let i = 0; i < edges.length; i++) {
    for (let j = i + 1; j < edges.length; j++) {
      const distance = squaredDistance(rows, i * size, j * size, size, threshold);
      if (distance >= threshold) continue;
      const weight = 1 - distance / threshold;
      edges[i]!.nodes.push(j);
      edges[i]!.weights.push(weight);
      edges[j]!.nodes.push(i);
      edges[j]!.weights.push(weight);
    }
  }
  return edges;
}

/** Left off as soon as it reaches `enough`: most pairs are of different people. */
function squaredDistance(rows: Float64Array, a: number, b: number, size: number, enough: number): number {
  let sum = 0;
  for (let i = 0; i < size && sum < enough; i++) sum += (rows[a + i]! - rows[b + i]!) ** 2;
  return sum;
}

/** The label of the greatest summed weight; of equal ones the node's own, then the least. `votes` is left zero. */
function winner(
  { nodes, weights }: Neighbours,
  labels: Int32Array,
  votes: Float64Array,
  own: number,
): number {
  for (const [i, node] of nodes.entries()) votes[labels[node]!]! += weights[i]!;
  let best = own;
  for (const node of nodes) {
    const label = labels[node]!;
    const more = votes[label]! - votes[best]!;
    if (more > 0 || (more === 0 && best !== own && label < best)) best = label;
  }
  for (const node of nodes) votes[labels[node]!] = 0;
  return best;
}

/** 0 ... count - 1 in an order that the seed decides (Fisher and Yates). */
function shuffled(count: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = hash32(seed, i) % (i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

function numbered(labels: Int32Array): Pick<Clusters, 'labels' | 'groups'> {
  const members = new Map<number, number[]>();
  for (const [i, label] of labels.entries()) {
    const group = members.get(label);
    if (group) group.push(i);
    else members.set(label, [i]);
  }
  const groups = [...members.values()].sort((a, b) => b.length - a.length || a[0]! - b[0]!);
  const out = new Int32Array(labels.length);
  for (const [group, own] of groups.entries()) for (const i of own) out[i] = group;
  return { labels: out, groups };
}
