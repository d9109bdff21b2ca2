/**
 * True for the command line, whose process is ours: it may listen to signals. A library leaves them
 * to the program that uses it. A module of its own, so that help need not load what unpacks files.
 */
export const processOwner = { isCommandLine: false };
