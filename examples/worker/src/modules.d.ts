// What wrangler makes of files that are no scripts.
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}

declare module '*.html' {
  const text: string
  export default text
}
