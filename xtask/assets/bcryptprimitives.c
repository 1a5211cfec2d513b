/* Stand-in for bcryptprimitives.dll, which Rust programs import and Wine 8 does not have.
 * It has the one function that they use: random bytes for hash maps. */
#include <windows.h>

/* The documented name is RtlGenRandom; advapi32 exports it under this one. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    const ULONG most = 0x40000000;
    while (length > 0) {
        ULONG now = length > most ? most : (ULONG)length;
        if (!SystemFunction036(data, now))
            return FALSE;
        data += now;
        length -= now;
    }
    return TRUE;
}
