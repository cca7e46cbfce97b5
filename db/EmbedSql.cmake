# Turns the .sql files of some folders into lines of C: MACRO(name, "text").
#
#   embed_sql(TARGET FOLDERS MACRO OUTPUT)
#
# runs this file again as a script at build time, whenever a file changes or is added.
# @NAME@ in a statement, or in a part, stands for the text of FOLDER/parts/NAME.sql.
if(CMAKE_SCRIPT_MODE_FILE)
    string(REPLACE "|" ";" FOLDERS "${FOLDERS}")
    set(files "")
    foreach(folder IN LISTS FOLDERS)
        file(GLOB found "${folder}/*.sql")
        list(SORT found)
        list(APPEND files ${found})
    endforeach()
    set(out "")
    foreach(path IN LISTS files)
        get_filename_component(name "${path}" NAME_WE)
        get_filename_component(folder "${path}" DIRECTORY)
        file(READ "${path}" text)
        while(text MATCHES "@([a-z_]+)@")
            set(part "${CMAKE_MATCH_1}")
            file(READ "${folder}/parts/${part}.sql" part_text)
            string(STRIP "${part_text}" part_text)
            string(REPLACE "@${part}@" "${part_text}" text "${text}")
        endwhile()
        # A semicolon would split the text as a list, and brackets would hide one.
        string(REPLACE "\\" "\\\\" text "${text}")
        string(REPLACE "\"" "\\\"" text "${text}")
        string(REPLACE "\n" "\\n\"\n\t\"" text "${text}")
        string(APPEND out "${MACRO}(${name},\n\t\"${text}\")\n")
    endforeach()
    file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "${out}" @ONLY)
    return()
endif()

set(EMBED_SQL_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(embed_sql TARGET FOLDERS MACRO OUTPUT)
    list(TRANSFORM FOLDERS APPEND "/*.sql" OUTPUT_VARIABLE patterns)
    list(TRANSFORM FOLDERS APPEND "/parts/*.sql" OUTPUT_VARIABLE part_patterns)
    file(GLOB files CONFIGURE_DEPENDS ${patterns} ${part_patterns})
    string(REPLACE ";" "|" folders "${FOLDERS}")
    set(path "${CMAKE_CURRENT_BINARY_DIR}/embedded/${OUTPUT}")
    add_custom_command(
        OUTPUT "${path}"
        COMMAND "${CMAKE_COMMAND}" "-DFOLDERS=${folders}" -DMACRO=${MACRO} -DOUTPUT=${path} -P
                "${EMBED_SQL_SCRIPT}"
        DEPENDS ${files} "${EMBED_SQL_SCRIPT}"
        VERBATIM)
    target_sources(${TARGET} PRIVATE "${path}")
    target_compile_options(${TARGET} PUBLIC "SHELL:-iquote ${CMAKE_CURRENT_BINARY_DIR}/embedded")
endfunction()
