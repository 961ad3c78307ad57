// onnxruntime-web as the second opinion. It is a package of bench/ only: where that is not installed the tests skip.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Shape } from '../../ts/types.js'

type Inputs = Readonly<Record<string, { readonly shape: Shape; readonly data: Float32Array }>>

interface Session {
  outputs(): Promise<Readonly<Record<string, Float32Array>>>
  dispose(): Promise<void>
}

interface Peer {
  /** A session of one thread with every optimisation of its own. */
  create(task: { readonly onnx: Uint8Array; readonly inputs: Inputs }): Promise<Session>
}

/** What bench measures convlet against; undefined where its packages are not installed, and that is said. */
export const ort: Peer | undefined = existsSync('bench/node_modules/onnxruntime-web/package.json')
  ? await import(pathToFileURL(resolve('bench/peers/ort.mjs')).href)
  : undefined
if (!ort) console.log('skipped: comparisons with onnxruntime-web need its package: npm ci --prefix bench')

/** Outputs by name. */
export const outputsOf = async (onnx: Uint8Array, inputs: Inputs): Promise<Readonly<Record<string, Float32Array>>> => {
  const session = await ort!.create({ onnx, inputs })
  try {
    return await session.outputs()
  } finally {
    await session.dispose()
  }
}
