// The decoders of jSquash. A decoder is an instance that can be dropped: one that failed keeps what it had allocated, and some keep
// more with each picture that is cut short. So they are started here, not by jSquash's functions, which keep one for ever; and
// decoding is synchronous, so that there is never more than one picture in memory.

import mozjpeg from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js'
import jpegWasm from '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'
import { initEmscriptenModule } from '@jsquash/jpeg/utils.js'
// @ts-expect-error Its types tell what is in it; wrangler gives the module.
import pngWasm from '@jsquash/png/codec/pkg/squoosh_png_bg.wasm'
import type { ImageLike } from 'convlet'
import { DECODER_GROWTH } from './limits.js'
import { badImage, type Kind } from './picture.js'

const pngModule: WebAssembly.Module = pngWasm

interface Decoder {
  readonly decode: (bytes: Uint8Array) => ImageLike | null | undefined
  /** Bytes of its memory, and how many it had in the beginning. */
  readonly size: () => number
  readonly least: number
}

interface PngExports {
  readonly memory: WebAssembly.Memory
  readonly __wbindgen_malloc: (bytes: number, align: number) => number
  readonly __wbindgen_free: (at: number, bytes: number, align: number) => void
  /** Takes the bytes over, and gives them back where it succeeds. */
  readonly decode: (at: number, bytes: number) => void
}

const png = (): Decoder => {
  let image: ImageLike | undefined
  const take = (at: number, bytes: number, width: number, height: number) => {
    image = { data: new Uint8ClampedArray(memory.buffer, at, bytes).slice(), width, height }
    __wbindgen_free(at, bytes, 1)
  }
  const refuse = () => {
    throw new Error('the decoder refuses it')
  }
  // Names end in hashes. Of what else it imports, decoding calls only what throws.
  const wbg = WebAssembly.Module.imports(pngModule).map(({ name }) => [
    name,
    name.includes('newwithownedu8clampedarray') ? take : refuse,
  ])
  const { exports } = new WebAssembly.Instance(pngModule, { wbg: Object.fromEntries(wbg) })
  const { memory, __wbindgen_malloc, __wbindgen_free, decode } = exports as unknown as PngExports
  return {
    decode: bytes => {
      const at = __wbindgen_malloc(bytes.length, 1)
      new Uint8Array(memory.buffer).set(bytes, at)
      decode(at, bytes.length)
      const result = image
      image = undefined
      return result
    },
    size: () => memory.buffer.byteLength,
    least: memory.buffer.byteLength,
  }
}

const jpeg = async (): Promise<Decoder> => {
  const silent = { print: () => undefined, printErr: () => undefined }
  const module = await initEmscriptenModule(mozjpeg, jpegWasm, silent)
  const size = () => module.HEAP8.buffer.byteLength
  // Turned as its EXIF data says.
  return { decode: bytes => module.decode(bytes, true), size, least: size() }
}

const started: Partial<Record<Kind, Promise<Decoder>>> = {}

/** Bytes of the memory of the decoders that are there. */
export const decoders = async (): Promise<number> => {
  const all = await Promise.all(Object.values(started))
  return all.reduce((sum, { size }) => sum + size(), 0)
}

/** A function that decodes pictures of this kind. It throws 422 for one that is damaged. */
export const decoderOf = async (kind: Kind): Promise<(bytes: Uint8Array) => ImageLike> => {
  const starting = (started[kind] ??= kind === 'png' ? Promise.resolve(png()) : jpeg())
  const drop = () => {
    if (started[kind] === starting) delete started[kind]
  }
  const { decode, least, size } = await starting
  return bytes => {
    try {
      const image = decode(bytes)
      if (image) {
        if (size() > least + DECODER_GROWTH) drop()
        return image
      }
    } catch {
      // What it throws says nothing to people: a C++ exception, or that a result was not unwrapped.
    }
    drop()
    throw badImage(`it is no ${kind.toUpperCase()} that can be decoded`)
  }
}
