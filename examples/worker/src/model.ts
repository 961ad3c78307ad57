// One model for all requests of an isolate, loaded when the first one asks for it.
import { load, type Net } from 'convlet'
import wasm from 'convlet/infer.relaxed.wasm'
import { shards } from 'convlet/shards'
import { HttpError } from './errors.js'
import { MODEL_BYTES } from './limits.js'

export interface Env {
  /** Name of the model: MODEL.shards.json in the assets, or MODEL.safetensors in the bucket. */
  readonly MODEL: string
  readonly ASSETS: Fetcher
  readonly MODELS?: R2Bucket
  /** Bytes that the model may take, instead of `MODEL_BYTES`. */
  readonly MEMORY_LIMIT?: string
}

export const memoryLimit = ({ MEMORY_LIMIT }: Env): number => Number(MEMORY_LIMIT ?? MODEL_BYTES)

/** The file as a stream. */
const open = async ({ MODEL, MODELS, ASSETS }: Env): Promise<Response> => {
  if (!MODELS) {
    const asset = (file: string) => ASSETS.fetch(`https://assets/${encodeURIComponent(file)}`)
    return shards(await asset(`${MODEL}.shards.json`), asset)
  }
  const object = await MODELS.get(`${MODEL}.safetensors`)
  if (!object) throw new Error(`there is no ${MODEL}.safetensors in the bucket`)
  return new Response(object.body, { headers: { 'content-length': `${object.size}` } })
}

let loading: Promise<Net> | undefined

/** The model; a failure is not kept. It is refused by its header where it would take too much memory. */
export const model = (env: Env, ctx: ExecutionContext): Promise<Net> => {
  loading ??= open(env)
    .then(file => load(file, { wasm, build: 'relaxed', memoryLimit: memoryLimit(env) }))
    .catch(error => {
      loading = undefined
      console.error(error)
      throw new HttpError(503, 'model_unavailable', `the model cannot be loaded: ${error.message}`, {
        'retry-after': '5',
      })
    })
  // Others wait for it, even when the client that asked first has gone.
  ctx.waitUntil(loading.catch(() => undefined))
  return loading
}
