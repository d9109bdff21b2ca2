import { Budget } from "../../model/files/budget.ts";
import { ModelError } from "../../model/model_error.ts";
import { formatCount } from "../../words/numbers.ts";

/**
 * Limits on what may still be read of an HDF5 file. Its headers, names, texts and heaps can be
 * referenced many times and can overlap; in a file that a program wrote, they share no bytes.
 */
export interface Hdf5Budget {
  /** Bytes of object headers and their continuations. */
  headers: Budget;
  /** Characters of the paths of objects, and of the names in them. */
  names: Budget;
  /** Bytes of texts of attributes. */
  texts: Budget;
  /** Bytes of the heaps of texts. */
  heaps: Budget;
}

/**
 * Factor over the size of the file for names and texts: paths repeat the names of the groups above,
 * and texts may be short.
 */
const REPEATED = 4;

/** Returns the budget for a file of the given number of bytes. */
export function hdf5Budget(size: number): Hdf5Budget {
  const limit = (most: number, what: string) =>
    new Budget(most, () =>
      new ModelError(
        `${what} of the HDF5 file repeat or overlap: they add up to more than ` +
          `${formatCount(most, "byte")}, expected each to have its own`,
      ));
  return {
    headers: limit(size, "The headers"),
    names: limit(REPEATED * size, "The names"),
    texts: limit(REPEATED * size, "The texts"),
    heaps: limit(size, "The heaps of texts"),
  };
}
