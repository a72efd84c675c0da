// What a gallery holds: collection -> person -> sample, and the model contract that a collection is pinned to.
import type { z } from 'zod';

/** Length of every embedding: nn4.small2 and resnet34 both have 128 numbers. */
export const DIMENSION = 128;

/** A value that JSON can hold. */
export type Json = z.core.util.JSONType;

/**
 * How the embeddings of a collection were made. Distances between embeddings of different contracts mean nothing,
 * so that a collection has one contract and refuses others.
 */
export interface ModelContract {
  /** The embedding net's name, as `resnet34`. */
  readonly net: string;
  /** SHA-256 of its weights, 64 lower-case hexadecimal digits. */
  readonly weights: string;
  /** The alignment that faces are warped to, as `openface-96` or `dlib-150`. */
  readonly template: string;
  readonly dimension: typeof DIMENSION;
}

/** Facts about a sample's picture, by name, as the quality gate states them. */
export type QualityFacts = Readonly<Record<string, string | number | boolean>>;

/** One enrolled face. */
export interface Sample {
  /** Unique in its collection. */
  readonly id: string;
  readonly person: string;
  /** [128], of length 1. */
  readonly embedding: Float32Array;
  /** SHA-256 of the aligned crop, 64 lower-case hexadecimal digits: the same crop is enrolled once. */
  readonly cropHash: string;
  /** Where the picture came from: a path or a URL. */
  readonly source: string;
  /** When it was enrolled: ISO 8601, UTC. */
  readonly time: string;
  readonly quality: QualityFacts;
  /** The aligned crop as an encoded picture, only where the user asked to keep it; else null. */
  readonly crop: Uint8Array | null;
}

/** A sample to enrol: `id` and `time` are made where they are left out, `crop` is null and `quality` empty. */
export type NewSample = Omit<Sample, 'id' | 'time' | 'crop' | 'quality'> &
  Partial<Pick<Sample, 'id' | 'time' | 'crop' | 'quality'>>;

/** What became of one sample that was to be enrolled. */
export interface EnrollOutcome {
  /** `duplicate`: the collection has this crop already; `id` and `person` tell as what. */
  readonly status: 'enrolled' | 'duplicate';
  readonly id: string;
  readonly person: string;
}

/** One person of a collection; there is none without a sample. */
export interface PersonFacts {
  readonly name: string;
  readonly samples: number;
}

/** What a collection is. */
export interface CollectionRecord {
  readonly name: string;
  readonly contract: ModelContract;
  /** Squared L2 below which two embeddings count as the same person; null until one was chosen. */
  readonly threshold: number | null;
  /** From distance to probability, as the calibration wrote it; null without. */
  readonly calibration: Json;
  /** When it was made: ISO 8601, UTC. */
  readonly created: string;
}

/** What a collection is and how much it holds. */
export interface CollectionFacts extends CollectionRecord {
  readonly people: number;
  readonly samples: number;
}

/** What renaming did. */
export interface RenameOutcome {
  /** Whether the new name existed, so that two people became one. */
  readonly merged: boolean;
  /** How many samples went under the new name. */
  readonly samples: number;
}

/** One page of a list; `next`, given as `after`, leads to the following one, undefined at the end. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** Where a page begins and how many items it has at most. */
export interface PageOptions {
  readonly after?: string;
  readonly limit?: number;
}

/** A block of embeddings: row i of `vectors` [n,128] is sample `ids[i]` of `people[i]`. */
export interface VectorPage {
  readonly ids: readonly string[];
  readonly people: readonly string[];
  readonly vectors: Float32Array;
}

/** A sample near a query. */
export interface Neighbour {
  readonly id: string;
  readonly person: string;
  /** Squared L2 in float64, 0..4 for embeddings of length 1. */
  readonly distance: number;
}

/** A person near a query, by a decision rule. */
export interface Candidate {
  readonly person: string;
  /** Squared L2 by the rule, in float64. */
  readonly distance: number;
}
