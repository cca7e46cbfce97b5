# Compiler flags of every target of this project. Headers of dependencies come in
# as system headers through pkg_check_modules(IMPORTED_TARGET), so these warnings
# speak of our own code only.
add_compile_options(
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wcast-qual -Wpointer-arith -Wwrite-strings -Wvla -Wundef -Wformat=2
    -Wnull-dereference -Wswitch-enum -Wdouble-promotion)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(
        -Wcast-align=strict -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wimplicit-fallthrough=5)
else()
    add_compile_options(-Wimplicit-fallthrough)
endif()
if(SAGE_WERROR)
    add_compile_options(-Werror)
endif()

add_compile_definitions(_GNU_SOURCE)

# Assertions stay on in release: an impossible state stops the process, whose work is all in
# PostgreSQL, rather than go on wrongly.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1")

if(SAGE_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()
if(SAGE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
        $<$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>:-fcf-protection=full>)
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-ftrivial-auto-var-init=zero)
    endif()
    add_link_options(-pie -Wl,-z,relro,-z,now)
endif()
