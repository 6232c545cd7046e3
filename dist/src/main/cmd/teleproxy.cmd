@echo off
rem Starts teleproxy on Windows. TELEPROXY_JAVA_OPTS holds further options for the Java virtual machine.
setlocal
set "HOME_FOLDER=%~dp0.."

if defined JAVA_HOME (
  set "JAVA=%JAVA_HOME%\bin\java.exe"
) else (
  set "JAVA=java.exe"
)
if defined JAVA_HOME if not exist "%JAVA%" (
  echo teleproxy: JAVA_HOME is %JAVA_HOME%, but %JAVA% is not there. Set JAVA_HOME to a Java 17 or newer, or unset it. 1>&2
  exit /b 2
)
if not defined JAVA_HOME (
  where /q java.exe
  if errorlevel 1 (
    echo teleproxy: no Java found. Install a Java 17 or newer and put it in PATH, or set JAVA_HOME. 1>&2
    exit /b 2
  )
)

"%JAVA%" ^
  -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:CompileThresholdScaling=4 -XX:MinHeapFreeRatio=20 -XX:MaxHeapFreeRatio=40 ^
  -Xms16m -Xmx256m -Xss512k -Xshare:auto -XX:-UsePerfData ^
  -Xlog:disable "-Xlog:all=error,cds*=off:stderr" ^
  -Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8 ^
  -Dio.netty.machineId=02:00:00:00:00:01 -Dio.netty.leakDetection.level=disabled -Dio.netty.jfr.enabled=false ^
  -Dslf4j.provider=io.teleproxy.log.LogProvider -Dslf4j.internal.verbosity=WARN ^
  "-Dteleproxy.home=%HOME_FOLDER%" %TELEPROXY_JAVA_OPTS% ^
  -cp "%HOME_FOLDER%\lib\teleproxy.jar" io.teleproxy.cli.Main %*
exit /b %ERRORLEVEL%
