// An isolate has 128 MB for everything. What it is divided into:
const MB = 2 ** 20

/** The model's memory, as its file's header tells it before anything is allocated; `MEMORY_LIMIT` of the environment overrides it. */
export const MODEL_BYTES = 56 * MB

/** One picture is decoded at a time: 4 MB of pixels, and those of the one before it until they are collected. */
export const MAX_PIXELS = MB

/** A request's body, and those of all requests at once. */
export const MAX_BODY = 4 * MB
export const MAX_BODIES = 12 * MB

/**
 * What a decoder may grow by: 9 bytes a pixel for a PNG beside its body, less for a JPEG. It gives nothing back, so that one which has
 * grown by more is replaced. PNG's begins with 1 MB, JPEG's with 16: together 42.
 */
export const DECODER_GROWTH = 12 * MB

// The rest, 10 MB, is for code and JavaScript's heap.
