/** Stands in for the child whose native code dies. */
process.kill(process.pid, 'SIGSEGV');
