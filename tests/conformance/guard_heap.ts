import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import type { WasmBackend } from "../../src/engine/native/wasm_backend.ts";

const GUARD = 64, MARK = 0xa5;

/**
 * Puts marked bytes before and after everything that is allocated on the WASM heap from now on, and
 * looks at them when it is freed: a kernel that writes outside its output is found out, which may
 * otherwise only show much later, somewhere else.
 *
 * @param tf TensorFlow.js, with the WASM backend active.
 * @returns `damaged`, how many allocations had a guard overwritten when they were freed; and `remove`,
 * which allocates plainly again.
 */
export function guardHeap(tf: TensorFlow): { damaged: () => number; remove: () => void } {
  const { wasm } = tf.backend() as unknown as WasmBackend;
  // Both install themselves again when they are first called: let them.
  wasm._free(wasm._malloc(1));
  const { _malloc: allocate, _free: free } = wasm;
  const sizes = new Map<number, number>();
  let damaged = 0;
  const guards = (address: number, bytes: number) => [
    wasm.HEAPU8.subarray(address - GUARD, address),
    wasm.HEAPU8.subarray(address + bytes, address + bytes + GUARD),
  ];
  wasm._malloc = (bytes) => {
    const address = allocate(bytes + 2 * GUARD) + GUARD;
    sizes.set(address, bytes);
    for (const guard of guards(address, bytes)) guard.fill(MARK);
    return address;
  };
  // Stays for as long as the backend: what was allocated with guards is freed with them.
  wasm._free = (address) => {
    const bytes = sizes.get(address);
    if (bytes === undefined) return free(address);
    if (guards(address, bytes).some((guard) => guard.some((byte) => byte !== MARK))) damaged++;
    sizes.delete(address);
    free(address - GUARD);
  };
  return { damaged: () => damaged, remove: () => void (wasm._malloc = allocate) };
}
