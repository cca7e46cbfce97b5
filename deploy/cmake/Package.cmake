# The Debian package: cmake --preset package && cmake --build --preset package && cpack --preset package
option(SAGE_PACKAGE "Install units, configuration and scripts too, for the Debian package" OFF)
if(NOT SAGE_PACKAGE)
    return()
endif()

install(FILES
    deploy/systemd/sage-mcp.service deploy/systemd/sage-mcp.socket
    deploy/systemd/sage-mcp-backup.service deploy/systemd/sage-mcp-backup.timer
    DESTINATION /usr/lib/systemd/system)
install(FILES deploy/systemd/sage-mcp.conf DESTINATION /etc/sage-mcp)
install(FILES deploy/logrotate/sage-mcp DESTINATION /etc/logrotate.d)
install(PROGRAMS
    deploy/backup-sage-db.sh deploy/restore-sage-db.sh deploy/check-sage-db.sh
    DESTINATION /usr/share/sage-mcp/deploy)
install(FILES deploy/lib/common.sh deploy/lib/database.sh deploy/lib/report.sh
    DESTINATION /usr/share/sage-mcp/deploy/lib)
install(DIRECTORY migrations DESTINATION /usr/share/sage-mcp)
install(FILES LICENSE DESTINATION /usr/share/doc/sage-mcp RENAME copyright)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # for /etc
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME sage-mcp)
set(CPACK_PACKAGE_CONTACT "sage-mcp maintainers <maintainers@sage-mcp.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS tzdata)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql, postgresql-client")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/deploy/package/postinst;${CMAKE_SOURCE_DIR}/deploy/package/prerm;${CMAKE_SOURCE_DIR}/deploy/package/conffiles")
include(CPack)
