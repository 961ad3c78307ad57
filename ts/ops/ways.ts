/** A way to compute a 3×3 or 5×5 convolution of stride 1. */
export interface Way {
  /** Results of Winograd's tiles in each direction; 0: the direct kernel. */
  readonly tile: number
  /** Whether the weights are kept transformed. */
  readonly kept: boolean
  /** Estimated time, in multiply-adds of the direct kernel. */
  readonly cost: number
}

/** Rounded up to whole tiles of four. */
export const four = (count: number): number => Math.ceil(count / 4) * 4

/** Whether there is a Winograd's way for a window. */
export const hasWays = (kh: number, kw: number): boolean => kh === kw && [3, 5].includes(kh)

/** The planes that a tile and all that is transformed consist of. */
export const planesOf = (tile: number, kernel: number): number => (tile + kernel - 1) ** 2

/**
 * Tiles that conv_winograd takes together: as many as keep their transformed inputs, planes of c channels, about in the
 * second-level cache, but enough of them for the work on the weights to be shared.
 */
export const blockOf = (tiles: number, c: number, planes: number): number =>
  Math.min(four(tiles), Math.max(28, Math.floor(116000 / planes / c) * 4))

/** Floats of transformed weights that are kept at most: more are not read faster than they are transformed. */
const KEPT = 1e6

/**
 * The ways of a convolution from c to oc channels, with n results of oh × ow, the shortest first. All multiply four rows by
 * eight channels at a time. Winograd's transforms cost something for each channel of a tile, in or out, and for each weight,
 * once per block, or a part of that where they are read transformed. `node bench/calibrate.mjs` holds it against the kernels.
 */
export const waysOf = (
  n: number,
  c: number,
  oc: number,
  oh: number,
  ow: number,
  kernel: number,
  fast: boolean,
): readonly Way[] =>
  (kernel > 3 ? [0, 3] : [0, 4, 2])
    .map(tile => {
      const eight = Math.ceil(oc / 8) * 8
      if (!tile) return { tile, kept: false, cost: kernel ** 2 * four(n * oh * ow) * (c + 1) * eight }
      const planes = planesOf(tile, kernel)
      const tiles = n * Math.ceil(oh / tile) * Math.ceil(ow / tile)
      const blocks = Math.ceil(tiles / blockOf(tiles, c, planes))
      // Between four tiles and a block, reading four times as much takes as long as the transforms of 3×3 weights.
      const kept = fast && planes * c * oc <= KEPT && (kernel > 3 || tiles <= 4 || blocks > 1)
      const weights = kept ? 1 : 0.28 * kernel ** 2 * blocks
      const transforms = 7 * tiles * (c + oc) + weights * c * oc
      const cost = planes * (four(tiles) * (c + 2) * eight + (transforms * kernel) / 3)
      return { tile, kept, cost }
    })
    .sort((a, b) => a.cost - b.cost)
