/** What went wrong, for programs; the message is for people. */
export type ErrorCode = 'FILE' | 'GRAPH' | 'SHAPE' | 'UNSUPPORTED' | 'MEMORY' | 'ABORTED' | 'INPUT'

/** Every error convlet throws on bad input: it names the node or file, both facts and the way out. */
export class ConvletError extends Error {
  override readonly name = 'ConvletError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Throws a message, to which it sets the full stop. */
export const fail = (code: ErrorCode, message: string, cause?: unknown): never => {
  // Names come from files: they must neither break the line nor flood it.
  const line = message.slice(0, 999).replace(/\p{Cc}/gu, '·')
  throw new ConvletError(code, line + (message[999] ? '…' : '.'), { cause })
}
