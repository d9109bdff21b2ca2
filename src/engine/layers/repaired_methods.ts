/** Every method that a repair put in place: how to tell a repaired class from one of another copy. */
export const repairedMethods = new WeakSet<object>();
