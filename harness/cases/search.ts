// Cases of searches: the nearest rows of a gallery, against those that float64 finds.
import type { NdArray } from '../../src/reference/array.js';
import { CaseParams } from './family.js';

/** One search, built from a case. */
export interface BuiltSearch {
  /** [B,D], exact in float32. */
  readonly queries: NdArray;
  /** [M,D], exact in float32. */
  readonly gallery: NdArray;
  /** How many of the rows count. */
  readonly rows: number;
  readonly k: number;
  /** Rows of each chunk but the last. */
  readonly chunk: number;
  /** All distances are exact in float32, so that the rows must be those of float64 even where distances are equal. */
  readonly exact: boolean;
  /** Arithmetic and least memory traffic of one search. */
  readonly cost: { readonly flops: number; readonly bytes: number };
}

/** Everything the checks and benches need of one kind of search. */
export interface SearchFamily {
  readonly name: string;
  build(params: CaseParams): BuiltSearch;
  readonly cases: readonly string[];
  /** Sizes worth timing. */
  readonly bench: readonly string[];
}

/** The search that a case asks for; InputError for a parameter that the family does not know. */
export function buildSearch(f: SearchFamily, text: string): BuiltSearch {
  const params = CaseParams.parse(text);
  const built = f.build(params);
  params.assertAllUsed();
  return built;
}
