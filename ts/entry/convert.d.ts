// The package's own entry, whose types are not there before it is built.
declare module 'convlet/convert' {
  import type { Model } from '../types.js'
  export const toOnnx: (model: Model) => Uint8Array
}
