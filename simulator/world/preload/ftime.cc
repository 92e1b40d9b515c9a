// For sanitizer builds alone, preloaded beside libfaketime (simulator/runner/process_faults.cc).
// libfaketime looks for this name of old C libraries when it starts; in a program with
// AddressSanitizer a name that isn't found never returns: the loader allocates the message, the
// allocator asks for the time, and the time is libfaketime's, which is still starting.
extern "C" int __ftime(void*);
extern "C" int __ftime(void*) { return -1; }
