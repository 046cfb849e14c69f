# SPDX-License-Identifier: Apache-2.0
# vc_add_fuzzer(SUBJECT LIBRARIES…): builds tests/fuzz/SUBJECT_fuzz.c. Ordinarily as a replayer of tests/fuzz/corpus/SUBJECT,
# run as the test fuzz.SUBJECT; with VC_FUZZERS (clang) as a libFuzzer program fuzz-SUBJECT to explore with.
set(VC_FUZZ_DIR ${CMAKE_SOURCE_DIR}/tests/fuzz)
function(vc_add_fuzzer subject)
  add_executable(fuzz-${subject} ${VC_FUZZ_DIR}/${subject}_fuzz.c)
  target_link_libraries(fuzz-${subject} PRIVATE ${ARGN})
  target_compile_options(fuzz-${subject} PRIVATE -Wno-missing-prototypes)
  if(VC_FUZZERS)
    target_compile_options(fuzz-${subject} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz-${subject} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz-${subject} PRIVATE ${VC_FUZZ_DIR}/replay.c)
    add_test(NAME fuzz.${subject} COMMAND fuzz-${subject} ${VC_FUZZ_DIR}/corpus/${subject})
    set_tests_properties(fuzz.${subject} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()
