import { format } from "@std/fmt/bytes";
import { freeRegions } from "./heap_regions.ts";
import { heapMemory } from "./native/heap_memory.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** The most that WASM memory with 32-bit addresses can have: 65536 pages of 64 KiB. */
export const HEAP_LIMIT = 2 ** 32;

/**
 * What tensors must leave free, in one piece. The backend's code allocates for itself, too, a few bytes
 * for every tensor, and aborts where there are none.
 */
const RESERVE = 2 ** 20;

/** What the allocator may add to a size. */
const ROUNDING = 2 ** 8;

/** Larger regions are all in one list of the allocator; smaller ones in two for each power of two. */
const ALIKE = 2 ** 27;

/**
 * Makes the backend refuse a tensor that the WASM heap has no room for.
 *
 * The allocator answers 0 then, and TensorFlow.js takes that for an address and overwrites its own
 * data: the backend is dead from there on. It also takes sizes modulo 2^32, and hands a small block out
 * for a tensor of 4 GiB. An error before anything is written leaves it alive.
 *
 * @param tf A TensorFlow.js whose WASM backend is active.
 */
export function guardHeap(tf: TensorFlow): void {
  const backend = tf.backend() as unknown as WasmBackend;
  const { wasm } = backend;
  const memory = heapMemory(backend);
  // At its first call, Emscripten's stub puts the allocator itself in its place.
  wasm._free(wasm._malloc(1));
  const allocate = allocateSafely(wasm, memory);
  const hasReserve = () => {
    // It grows first, and fills up then.
    if (memory.buffer.byteLength <= HEAP_LIMIT - RESERVE) return true;
    const reserve = allocate(RESERVE);
    wasm._free(reserve);
    return reserve !== 0;
  };
  wasm._malloc = (bytes) => {
    // A kernel whose window does not fit its input may come to a shape below 0.
    if (!(bytes >= 0)) {
      throw new RangeError(
        `A tensor of ${bytes} bytes was asked for: an operation gives a shape with an axis below 0`,
      );
    }
    // Even an empty heap has not all of it: the backend's own data lie there, too.
    const address = bytes <= HEAP_LIMIT - RESERVE ? allocate(bytes) : 0;
    if (bytes > 0 && (address === 0 || !hasReserve())) {
      wasm._free(address);
      throw new RangeError(
        `The WASM heap, which can have ${format(HEAP_LIMIT, { binary: true })}, has no room for ` +
          `another ${format(bytes, { binary: true })}: use fewer examples, or dispose tensors`,
      );
    }
    return address;
  };
}

/**
 * The allocator without its two mistakes in a heap that is nearly full. Where the address of a free region plus the size
 * that is asked for passes 2^32, the sum wraps, and the region counts as large enough: the allocator hands out bytes
 * beyond the heap, and overwrites the heap's beginning. Here such regions are occupied during the search. And each call
 * looks at only a few of the regions that may be large enough, at others each time. Here it is called again.
 */
function allocateSafely(
  { _malloc: allocate, _free: free }: WasmBackend["wasm"],
  memory: WebAssembly.Memory,
): (bytes: number) => number {
  const first = allocate(1);
  return (bytes) => {
    const passes = (address: number) => address + bytes + ROUNDING > HEAP_LIMIT;
    if (!passes(memory.buffer.byteLength)) return allocate(bytes);
    const regions = freeRegions(memory.buffer, first);
    const held: number[] = [];
    const search = (bytes: number, suits: (address: number) => boolean) => {
      for (let tries = 0; tries <= regions.length; tries++) {
        const address = allocate(bytes);
        if (address === 0) continue;
        if (suits(address >>> 0)) return address;
        held.push(address);
      }
      return 0;
    };
    // The allocator looks at regions of about the size that is asked for, and of about the largest size there is.
    const largest = Math.max(...regions.map(({ bytes }) => bytes));
    const least = Math.min(bytes, largest, ALIKE) / 2;
    const late = regions.filter(({ address, bytes }) => passes(address) && bytes >= least)
      .reverse();
    try {
      for (const { address, bytes } of late) {
        const occupied = search(bytes, (found) => found === address);
        if (occupied === 0) return 0;
        held.push(occupied);
      }
      return search(bytes, () => true);
    } finally {
      for (const address of held) free(address);
    }
  };
}
