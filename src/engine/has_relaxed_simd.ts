/**
 * Module with the function (a, b, c) => f32x4.relaxed_madd(a, b, c), which only validates if the
 * runtime supports relaxed SIMD.
 */
const RELAXED_MADD = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b], // type (v128, v128, v128) -> v128
  ...[0x03, 0x02, 0x01, 0x00], // one function of that type
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00], // its body, without locals
  ...[0x20, 0x00, 0x20, 0x01, 0x20, 0x02], // local.get 0, 1, 2
  ...[0xfd, 0x85, 0x02, 0x0b], // f32x4.relaxed_madd, end
]);

let known: boolean | undefined;

/** Returns true if this runtime supports relaxed SIMD, and with it fused multiply-add. */
export function hasRelaxedSimd(): boolean {
  return known ??= WebAssembly.validate(RELAXED_MADD);
}
