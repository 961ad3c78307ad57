// The package's own entry, whose types are not there before it is built.
declare module 'convlet/convert' {
  import type { Model } from '../types.js'
  export const toOnnx: (model: Model) => Uint8Array
}

// Made by scripts/build.mjs: a file of dist/, compressed by gzip, in base64.
declare module 'kernels:*' {
  const base64: string
  export default base64
}
