const KINDS: readonly (readonly [string, string])[] = [
  ['\x89PNG', 'it is a PNG image'],
  ['\xff\xd8\xff', 'it is a JPEG image'],
  ['PK\x03\x04', 'it is a zip archive (a PyTorch file?); export the model with torch.onnx.export'],
  ['\x80\x02', 'it is a pickle (a PyTorch file?); export the model with torch.onnx.export'],
  ['\x89HDF', 'it is an HDF5 file (a Keras model?); convert it with tf2onnx'],
  ['\x1f\x8b', 'it is gzip; unpack it first'],
  ['version https://git-lfs', 'it is a Git LFS pointer; fetch the file itself'],
  ['<', 'it is an HTML or XML page; is the address right?'],
]

/** What the bytes are instead of protobuf, where their beginning gives it away. */
export const sniff = (bytes: Uint8Array): string | undefined => {
  if (bytes.length === 0) return 'it is empty'
  const head = String.fromCharCode(...bytes.subarray(0, 32))
  // A safetensors file: 8 bytes of header length, then JSON.
  if (head.slice(4, 9) === '\0\0\0\0{') return 'it is a safetensors file'
  return KINDS.find(([magic]) => head.startsWith(magic))?.[1]
}
