let bytes: Promise<Uint8Array<ArrayBuffer>> | undefined

const fetched = async (): Promise<Uint8Array<ArrayBuffer>> => {
  const response = await fetch(new URL('./lenet5.safetensors', import.meta.url))
  if (!response.ok) throw new Error(`cannot fetch the weights: status ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** The shipped network that reads digits; what failed may be tried again. */
export const digits = (): Promise<Uint8Array<ArrayBuffer>> =>
  (bytes ??= fetched().catch(error => {
    bytes = undefined
    throw error
  }))
