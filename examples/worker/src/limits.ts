// An isolate has 128 MB for everything. What it is divided into:
const MB = 2 ** 20

/** The model's memory, as its file's header tells it before anything is allocated; `MEMORY_LIMIT` of the environment overrides it. */
export const MODEL_BYTES = 64 * MB

/** One picture is decoded at a time: a progressive JPEG that is to be turned takes 16 MB and 12 bytes for each of its pixels, 40 MB. */
export const MAX_PIXELS = 2 * MB

/** A request's body, and those of all requests at once. */
export const MAX_BODY = 4 * MB
export const MAX_BODIES = 12 * MB

/** A decoder keeps the memory of its largest picture: when it has grown by more than this it is replaced. */
export const DECODER_GROWTH = 4 * MB

// The rest, 12 MB, is for code and JavaScript's heap.
