import { suite } from 'uvu'
import { encode, file, info, rejects } from './make.js'

const test = suite('file: the header and where tensors lie')

rejects(test, 'FILE', [
  ['an empty file', new Uint8Array(0), 'cut short: 0 bytes'],
  ['7 bytes', new Uint8Array(7), 'cut short: 7 bytes'],
  ['header length 0', new Uint8Array(64), 'not a safetensors file: it begins'],
  ['header length 2^63', new Uint8Array(16).fill(0x80, 7, 8), 'not a safetensors file'],
  ['a PNG', encode('\x89PNG\r\n\x1a\n').slice(1), 'PNG\\r\\n\\u001a\\n".'],
  ['an ONNX file', new Uint8Array([8, 7, 0x12, 7, 0x70, 0x79, 0x74, 0x6f]), 'it begins "\\b\\u0007'],
  ['a PyTorch zip', encode('PK\x03\x04\0\0\x08\x08'), 'it begins "PK'],
  ['a web page', encode('<!DOCTYPE html>'), 'it begins "<!DOCTYP"'],
  ['a Git LFS pointer', encode('version https://git-lfs'), 'it begins "version "'],
  ['a header beyond the file', file({}).subarray(0, 9), 'its header takes 10 bytes, it has 9'],
  ['a header that is not UTF-8', file('{"\0":1}').fill(0xff, 10, 11), 'the header is not valid JSON'],
  ['a header that is not JSON', file('{"w": '), 'the header is not valid JSON'],
  ['a header that nests too deep', file('['.repeat(1e6)), 'the header is not valid JSON'],
  ['a header that is a list', file([]), 'the header must be an object'],
  ['a header that is null', file('null'), 'the header must be an object'],
  ['overlapping tensors', file({ a: info(0, 8), b: info(4, 12) }, 12), 'the one before it ends at 8'],
  ['the same bytes twice', file({ a: info(0, 8), b: info(0, 8) }, 8), 'the one before it ends at 8'],
  ['a gap', file({ a: info(0, 8), b: info(12, 16) }, 16), 'tensor "b" begins at byte 12, the one before it ends at 8'],
  ['a gap at the beginning', file({ a: info(4, 8) }, 8), 'tensor "a" begins at byte 4'],
  ['a tensor out of range', file({ a: info(0, 8) }, 4), 'it has '],
  ['bytes after the last tensor', file({ a: info(0, 8) }, 9), 'the file should have '],
  ['offsets that run backwards', file({ a: info(8, 0, [2]) }, 8), 'data_offsets span -8'],
  ['negative offsets', file({ a: info(-8, 0) }, 0), 'data_offsets must be'],
  ['fractional offsets', file({ a: info(0, 4.5, [1]) }, 5), 'data_offsets must be'],
  ['offsets beyond 2^53', file({ a: info(0, 2 ** 60, [2 ** 50, 2 ** 8]) }), 'data_offsets must be'],
  [
    'no offsets',
    file({ a: { dtype: 'F32', shape: [0] } }),
    'data_offsets must be a beginning and an end, is undefined',
  ],
  [
    'one offset',
    file({ a: { dtype: 'F32', shape: [0], data_offsets: [0] } }),
    'data_offsets must be a beginning and an end, is [0]',
  ],
  ['a tensor that is a number', file({ a: 1 }), 'tensor "a" must be an object'],
  ['a tensor that is null', file({ a: null }), 'tensor "a" must be an object'],
  ['a broken __proto__', file('{"__proto__": 1}'), 'tensor "__proto__" must be an object'],
  ['an unknown dtype', file({ a: info(0, 4, [1], 'C64') }, 4), 'dtype must be F32, F16 or BF16, is "C64"'],
  [
    'a dtype that is a method',
    file({ a: info(0, 4, [1], 'toString') }, 4),
    'dtype must be F32, F16 or BF16, is "toString"',
  ],
  ['a dtype in a list', file({ a: info(0, 4, [1], ['F32']) }, 4), 'dtype must be F32, F16 or BF16, is ["F32"]'],
  ['no dtype', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), 'dtype must be F32, F16 or BF16, is undefined'],
  ['a shape of another size', file({ a: info(0, 8, [3]) }, 8), 'F32 [3] takes 12 bytes, data_offsets span 8'],
  ['a negative dimension', file({ a: info(0, 4, [-1]) }, 4), 'shape must be a list of sizes, is [-1]'],
  ['two negative dimensions', file({ a: info(0, 4, [-1, -1]) }, 4), 'shape must be a list of sizes'],
  ['a fractional dimension', file({ a: info(0, 4, [0.5, 2]) }, 4), 'shape must be a list of sizes'],
  ['a dimension as text', file({ a: info(0, 4, ['1']) }, 4), 'shape must be a list of sizes'],
  ['no shape', file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4), 'shape must be a list of sizes, is undefined'],
  ['a shape beyond 2^53', file({ a: info(0, 0, [2 ** 30, 2 ** 30]) }), 'data_offsets span 0'],
  ['a shape beyond float64 times 0', file({ a: info(0, 0, [...Array(40).fill(2 ** 30), 0]) }), 'data_offsets span 0'],
])

test.run()
