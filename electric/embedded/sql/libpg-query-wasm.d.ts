/** The parser's module itself, of which the package's own entry makes one instance for good. */
declare module 'libpg-query/wasm/libpg-query.js' {
  export interface ParserInstance {
    lengthBytesUTF8(text: string): number
    stringToUTF8(text: string, pointer: number, length: number): void
    UTF8ToString(pointer: number): string
    getValue(pointer: number, type: 'i32'): number
    _malloc(length: number): number
    _free(pointer: number): void
    _wasm_parse_query_raw(pointer: number): number
    _wasm_free_parse_result(pointer: number): void
  }
  export default function createInstance(): Promise<ParserInstance>
}
