/** What a client is told: a status, a word for programs, a sentence for people. */
export class HttpError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Any error as `{ error: { code, message } }`. */
export const failure = (error: unknown): Response => {
  if (!(error instanceof HttpError)) {
    console.error(error)
    return failure(new HttpError(500, 'internal', 'the Worker failed; its log says why.'))
  }
  const { status, code, message, headers } = error
  return Response.json({ error: { code, message } }, { status, headers })
}
