const kinds = [
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8', 'a JPEG image'],
  ['PK', 'a zip archive; save PyTorch models with safetensors.torch.save_file'],
  ['\x80', 'a pickle; save PyTorch models with safetensors.torch.save_file'],
  ['\x08', 'an ONNX model; convert it with `convlet convert`'],
  ['\x1f\x8b', 'gzip; unpack it first'],
  ['version ', 'a Git LFS pointer; fetch the file itself'],
  ['<', 'an HTML page; is the address right?'],
] as const

/**
 * What a file that is no safetensors file looks like by its first 8 bytes, and the way out. For tools: the runtime says only
 * how the file begins.
 */
export const kindOf = (first8: Uint8Array): string | undefined => {
  const start = String.fromCharCode(...first8.subarray(0, 8))
  return kinds.find(([magic]) => start.startsWith(magic))?.[1]
}
